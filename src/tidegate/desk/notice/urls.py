from typing import Any

app_name = "notice"
urlpatterns: list[Any] = []
