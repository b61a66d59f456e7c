from django.apps import AppConfig


class NowConfig(AppConfig):
    name = "tidegate.desk.now"
    label = "now"

    def ready(self) -> None:
        """From now on the node's counters are noted, in the thread that follows it."""
        from tidegate.desk.following import tenders
        from tidegate.desk.now.sampling import sampler

        tenders.append(sampler.tend)
