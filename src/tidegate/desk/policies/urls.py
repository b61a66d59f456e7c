from django.urls import path

from tidegate.desk.policies import acting, editing, views

app_name = "policies"
urlpatterns = [
    path("", views.page, name="page"),
    path("check/", editing.check, name="check"),
    path("features/", editing.features, name="features"),
    path("roll-back/", acting.roll_back, name="roll-back"),
    path("shadow/stop/", acting.stop_shadow, name="stop-shadow"),
    path("<int:number>/", views.version, name="version"),
    path("<int:number>/text/", views.text, name="text"),
    path("<int:number>/edit/", editing.edit, name="edit"),
    path("<int:number>/progress/", views.progress, name="progress"),
    path("<int:number>/backtest/", acting.backtest, name="backtest"),
    path("<int:number>/backtest/stop/", acting.stop_backtest, name="stop-backtest"),
    path("<int:number>/shadow/", acting.shadow, name="shadow"),
    path("<int:number>/approve/", acting.approve, name="approve"),
    path("<int:number>/put/", acting.put, name="put"),
]
