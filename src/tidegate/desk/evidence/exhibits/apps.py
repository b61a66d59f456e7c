from django.apps import AppConfig


class ExhibitsConfig(AppConfig):
    name = "tidegate.desk.evidence.exhibits"
    label = "exhibits"

    def ready(self) -> None:
        """From now on what is due is captured, in a thread that the one that follows the node starts."""
        from tidegate.desk.evidence.exhibits.working import tend
        from tidegate.desk.following import tenders

        if tend not in tenders:
            tenders.append(tend)
