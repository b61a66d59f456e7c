from typing import Any

app_name = "appeals"
urlpatterns: list[Any] = []
