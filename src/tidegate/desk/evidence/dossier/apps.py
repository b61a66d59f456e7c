from django.apps import AppConfig


class DossierConfig(AppConfig):
    name = "tidegate.desk.evidence.dossier"
    label = "dossier"

    def ready(self) -> None:
        """From now on closed cases leave when their time is over, and findings about accounts that are erased."""
        from tidegate.desk.accounts import forgetting as accounts
        from tidegate.desk.evidence.dossier import forgetting
        from tidegate.desk.following import tenders

        if forgetting.tend not in tenders:
            tenders.append(forgetting.tend)
        if forgetting.forget not in accounts.others:
            accounts.others.append(forgetting.forget)
