/* The agent of all measurements: says that it runs, and sleeps. argv[1] is a FIFO. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int fifo = argc > 1 ? open(argv[1], O_WRONLY | O_NONBLOCK) : -1;
    if (fifo < 0) return 1;
    dprintf(fifo, "%d %lld\n", getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
    close(fifo);
    for (;;) pause();
}
