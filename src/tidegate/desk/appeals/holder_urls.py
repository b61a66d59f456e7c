from django.urls import path

from tidegate.desk.appeals import holder

app_name = "status"
urlpatterns = [
    path("<slug:token>/", holder.page, name="page"),
    path("<slug:token>/appeal/", holder.appeal, name="appeal"),
    path("<slug:token>/withdraw/", holder.withdraw, name="withdraw"),
    path("<slug:token>/statement/<slug:uid>/", holder.statement, name="statement"),
]
