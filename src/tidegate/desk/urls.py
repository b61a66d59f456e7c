"""Every address of the desk, by room. The first ones are for everybody; the gate closes the rest."""

from django.urls import include, path, register_converter

from tidegate.desk.pages.converters import PseudonymConverter

register_converter(PseudonymConverter, "pseudonym")

urlpatterns = [
    # For account holders and the public.
    path("", include("tidegate.desk.notice.urls")),
    path("status/", include("tidegate.desk.appeals.holder_urls")),
    path("transparency/", include("tidegate.desk.transparency.urls")),
    # For the people who work here.
    path("desk/", include("tidegate.desk.now.urls")),
    path("desk/", include("tidegate.desk.access.urls")),
    path("desk/queue/", include("tidegate.desk.review.urls")),
    path("desk/appeals/", include("tidegate.desk.appeals.urls")),
    path("desk/accounts/", include("tidegate.desk.accounts.urls")),
    path("desk/campaigns/", include("tidegate.desk.campaigns.urls")),
    path("desk/policy/", include("tidegate.desk.policies.urls")),
    path("desk/cases/", include("tidegate.desk.evidence.dossier.urls")),
    path("desk/cases/<slug:name>/exhibits/", include("tidegate.desk.evidence.exhibits.urls")),
    path("desk/cases/<slug:name>/reading/", include("tidegate.desk.evidence.reading.urls")),
    path("desk/cases/<slug:name>/links/", include("tidegate.desk.evidence.subjects.urls")),
    path("desk/cases/<slug:name>/steps/", include("tidegate.desk.evidence.steps.urls")),
    path("desk/record/", include("tidegate.desk.audit.urls")),
]
handler403 = "tidegate.desk.pages.views.forbidden"
handler404 = "tidegate.desk.pages.views.not_found"
handler500 = "tidegate.desk.pages.views.fault"
