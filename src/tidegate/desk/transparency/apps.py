from django.apps import AppConfig


class TransparencyConfig(AppConfig):
    name = "tidegate.desk.transparency"
    label = "transparency"

    def ready(self) -> None:
        from tidegate.desk.following import tenders
        from tidegate.desk.transparency import refreshing

        if refreshing.tend not in tenders:
            tenders.append(refreshing.tend)
