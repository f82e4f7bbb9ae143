/* An agent that costs nothing: says when it began to run, then waits to be ended. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int fifo = argc > 1 ? open(argv[1], O_WRONLY | O_NONBLOCK) : -1;
    if (fifo >= 0) {
        char line[64];
        int size = snprintf(line, sizeof line, "%d %lld\n", getpid(),
                            now.tv_sec * 1000000000LL + now.tv_nsec);
        if (write(fifo, line, size) != size)
            return 1;
        close(fifo);
    }
    for (;;)
        pause();
}
