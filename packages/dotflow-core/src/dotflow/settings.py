"""`Settings`: the names and places that dotflow uses by default."""

from __future__ import annotations

import os
from pathlib import Path


class Settings:
    """The defaults, read once from the environment when this module is imported.

    Attributes:
        START_PATH: The folder for what runs leave behind: the environment variable
            `DOTFLOW_OUTPUT_PATH`, else `.output`.
        GITIGNORE: The file that keeps it out of git.
        LOG_PROFILE: The name of dotflow's logger.
        LOG_FILE_NAME: The name of the log file.
        LOG_PATH: The log file in `START_PATH`.
        LOG_FORMAT: The layout of a line, as `logging.Formatter` takes it.
        TEMPLATE_REPO: The repository of project templates.
        TEMPLATE_BRANCH: Its branch.
        TEMPLATE_DIRECTORY: The folder of the cloud platforms in it.
        ICON: The sign of a workflow.
        STEP_ICON: The sign of a step.
        ERROR_ALERT: What an error message in the terminal begins with.
        INFO_ALERT: What a piece of information begins with.
        WARNING_ALERT: What a warning begins with.
        QUESTION_ALERT: What a question begins with.
    """

    START_PATH = Path(os.environ.get("DOTFLOW_OUTPUT_PATH") or ".output")
    GITIGNORE = Path(".gitignore")

    LOG_PROFILE = "dotflow"
    LOG_FILE_NAME = "flow.log"
    LOG_PATH = START_PATH / LOG_FILE_NAME
    LOG_FORMAT = "%(asctime)s - %(levelname)s [%(name)s]: %(message)s"

    TEMPLATE_REPO = "https://github.com/dotflow-io/templates"
    TEMPLATE_BRANCH = "master"
    TEMPLATE_DIRECTORY = "cloud"

    ICON = "🎲"
    STEP_ICON = "⚙"

    ERROR_ALERT = "Error:"
    INFO_ALERT = "Info:"
    WARNING_ALERT = "Warning:"
    QUESTION_ALERT = "Question:"
