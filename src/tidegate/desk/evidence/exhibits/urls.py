from django.urls import path

from tidegate.desk.evidence.exhibits import downloads, views

app_name = "exhibits"
urlpatterns = [
    path("", views.list, name="list"),
    path("add-page/", views.add_page, name="add-page"),
    path("add-files/", views.add_files, name="add-files"),
    path("source/<int:source>/", views.schedule, name="schedule"),
    path("<int:number>/", views.page, name="page"),
    path("<int:number>/transcript/", views.transcript, name="transcript"),
    path("<int:number>/raw/", downloads.raw, name="raw"),
    path("<int:number>/warc/", downloads.warc, name="warc"),
    path("<int:number>/picture/", downloads.picture, name="picture"),
    path("<int:number>/pdf/", downloads.pdf, name="pdf"),
]
