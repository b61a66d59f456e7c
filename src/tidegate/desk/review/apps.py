from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "tidegate.desk.review"
    label = "review"

    def ready(self) -> None:
        from tidegate.desk.following import tenders
        from tidegate.desk.ledger.copying import listeners
        from tidegate.desk.review import finishing
        from tidegate.desk.review.closing import tend
        from tidegate.desk.review.opening import open_cases

        if open_cases not in listeners:
            listeners.append(open_cases)
        if tend not in tenders:
            tenders.append(tend)
        if finishing.tend not in tenders:
            tenders.append(finishing.tend)
