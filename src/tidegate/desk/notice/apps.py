from django.apps import AppConfig
from django.conf import settings


class NoticeConfig(AppConfig):
    name = "tidegate.desk.notice"
    label = "notice"

    def ready(self) -> None:
        """Read every text once. Raises SettingsError: a desk must not publish another text than its operator's."""
        from tidegate.desk.notice.documents import TextError
        from tidegate.desk.notice.library import read_library
        from tidegate.node.settings import SettingsError

        try:
            self.library = read_library(settings.TIDEGATE_FOLDER)
        except TextError as error:
            raise SettingsError(str(error)) from None
