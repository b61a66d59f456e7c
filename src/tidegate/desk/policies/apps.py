from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "tidegate.desk.policies"
    label = "policies"

    def ready(self) -> None:
        """From now on results of backtests are kept and changes made elsewhere noticed, also when nobody looks."""
        from tidegate.desk.following import tenders
        from tidegate.desk.policies import backtesting, forgetting, outside

        tenders.append(backtesting.collect)
        tenders.append(outside.tend)
        tenders.append(forgetting.tend)
