from django.urls import path

from tidegate.desk.appeals import downloads, staff

app_name = "appeals"
urlpatterns = [
    path("", staff.waiting, name="list"),
    path("decided/", staff.decided, name="decided"),
    path("statements/", downloads.statements, name="statements"),
    path("statements/<slug:uid>/", downloads.statement, name="statement"),
    path("attachments/<slug:stored>/", downloads.attachment, name="attachment"),
    path("<int:number>/", staff.page, name="page"),
    path("<int:number>/take/", staff.take, name="take"),
    path("<int:number>/release/", staff.release, name="release"),
]
