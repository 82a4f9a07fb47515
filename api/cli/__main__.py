"""`python -m api.cli`, for where the installed command is not on the path."""

from api.cli import main

main(prog_name="homeroom")
