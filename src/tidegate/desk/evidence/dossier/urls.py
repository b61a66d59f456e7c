from django.urls import path

from tidegate.desk.evidence.dossier import views

app_name = "dossier"
urlpatterns = [
    path("", views.list, name="list"),
    path("<slug:name>/", views.page, name="page"),
    path("<slug:name>/custody/", views.custody, name="custody"),
]
