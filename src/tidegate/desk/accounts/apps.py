from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "tidegate.desk.accounts"
    label = "accounts"

    def ready(self) -> None:
        """From now on what is erased or too old leaves the desk's tables, in the thread that follows the node."""
        from tidegate.desk.accounts import forgetting
        from tidegate.desk.following import tenders

        if forgetting.tend not in tenders:
            tenders.append(forgetting.tend)
