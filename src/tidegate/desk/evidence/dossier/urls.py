from django.urls import path

from tidegate.desk.evidence.dossier import file_views, views

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
    path("<slug:name>/custody/", file_views.custody, name="custody"),
    path("<slug:name>/seal/", file_views.seal_now, name="seal"),
    path("<slug:name>/sealed/<int:file>/", file_views.sealed, name="sealed"),
]
