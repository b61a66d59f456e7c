from django.urls import path

from tidegate.desk.campaigns import acting, views

app_name = "campaigns"
urlpatterns = [
    path("", views.list, name="list"),
    path("<pseudonym:campaign>/", views.page, name="page"),
    path("<pseudonym:campaign>/preview/", acting.ask, name="preview"),
    path("<pseudonym:campaign>/confirm/", acting.confirm, name="confirm"),
    path("<pseudonym:campaign>/undo/<uuid:group>/", acting.take_back, name="undo"),
]
