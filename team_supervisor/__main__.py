"""How is the program started as a module?"""

from team_supervisor.cli import run

if __name__ == "__main__":
    run()
