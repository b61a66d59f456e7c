"""Getting Django ready for one node's folder: once a process, before anything of the desk's apps is imported."""

import os
from pathlib import Path

import django
from django.conf import settings as django_conf
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tidegate.desk.log_filter import keep_tokens_out
from tidegate.desk.settings import DeskSettings, desk_settings, django_settings
from tidegate.node.keys import keys_of
from tidegate.node.settings import SETTINGS_FILE, NodeSettings, read_settings


def set_up(folder: Path, settings: NodeSettings | None = None) -> DeskSettings:
    """Tell Django everything about the desk of ``folder``; a second call for the same folder does nothing.

    Raises SettingsError or StorageError, with what would be right.
    """
    node = settings or read_settings(folder / SETTINGS_FILE)
    desk = desk_settings(node.desk)
    if django_conf.configured:
        if folder.resolve() != django_conf.TIDEGATE_FOLDER.resolve():
            raise RuntimeError(f"this process serves the desk of {django_conf.TIDEGATE_FOLDER} already")
        return desk
    django_conf.configure(**django_settings(folder, desk, keys_of(folder).ticket, node.notices.public_url))
    django.setup()
    keep_tokens_out()
    return desk


def migrate() -> None:
    """Bring the database's tables up to date. Raises django.db.Error when it cannot be reached."""
    before = os.umask(0o077)  # the database names people who work here
    try:
        executor = MigrationExecutor(connection)
        # With nothing to do the command would still take seconds, to tell what it could have done.
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
    finally:
        os.umask(before)
