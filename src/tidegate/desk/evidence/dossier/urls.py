from django.urls import path

from tidegate.desk.evidence.dossier import views

app_name = "dossier"
urlpatterns = [
    path("", views.list, name="list"),
    path("new/", views.new, name="new"),
    path("<slug:name>/", views.page, name="page"),
    path("<slug:name>/head/", views.head, name="head"),
    path("<slug:name>/officer/", views.officer, name="officer"),
    path("<slug:name>/stage/", views.stage, name="stage"),
    path("<slug:name>/hold/", views.hold, name="hold"),
    path("<slug:name>/element/<slug:key>/", views.element, name="element"),
    path("<slug:name>/custody/", views.custody, name="custody"),
    path("<slug:name>/seal/", views.seal_now, name="seal"),
    path("<slug:name>/sealed/<int:file>/", views.sealed, name="sealed"),
]
