"""The address of notebooks.run_outputs before 0.2: git calls it in a clone where `lab start` has not run since."""

from labkit.notebooks.run_outputs import main

if __name__ == "__main__":
    main()
