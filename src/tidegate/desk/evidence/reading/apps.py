from django.apps import AppConfig


class ReadingConfig(AppConfig):
    name = "tidegate.desk.evidence.reading"
    label = "reading"

    def ready(self) -> None:
        """From now on new exhibits are read."""
        from tidegate.desk.evidence.exhibits.working import readers
        from tidegate.desk.evidence.reading.finding import read

        if read not in readers:
            readers.append(read)
