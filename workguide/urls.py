"""The addresses of the Work Guide. Nouns: what is changed is said by POST, and by the noun it is sent to."""

from django.urls import path

from workguide.views.attachment import attachment
from workguide.views.home import home
from workguide.views.inbox import inbox, inbox_count
from workguide.views.instance import instance, instance_retry
from workguide.views.preview import screen_preview
from workguide.views.record import record, record_add, record_edit, record_list, record_models, work_guide
from workguide.views.start import record_start
from workguide.views.work_item import (
    work_item,
    work_item_claim,
    work_item_completion,
    work_item_draft,
    work_item_release,
    work_item_screen,
)

app_name = "workguide"

urlpatterns = [
    path("", home, name="home"),
    path("inbox/", inbox, name="inbox"),
    path("inbox/count/", inbox_count, name="inbox_count"),
    path("work-items/<int:pk>/", work_item, name="work_item"),
    path("work-items/<int:pk>/claim", work_item_claim, name="work_item_claim"),
    path("work-items/<int:pk>/release", work_item_release, name="work_item_release"),
    path("work-items/<int:pk>/draft", work_item_draft, name="work_item_draft"),
    path("work-items/<int:pk>/screen", work_item_screen, name="work_item_screen"),
    path("work-items/<int:pk>/completion", work_item_completion, name="work_item_completion"),
    path("instances/<int:pk>/", instance, name="instance"),
    path("instances/<int:pk>/retry", instance_retry, name="instance_retry"),
    path("attachments/<uuid:key>/", attachment, name="attachment"),
    path("screens/preview", screen_preview, name="screen_preview"),
    path("records/", record_models, name="record_models"),
    path("records/<str:model>/", record_list, name="record_list"),
    path("records/<str:model>/add/", record_add, name="record_add"),
    path("records/<str:model>/<str:pk>/", record, name="record"),
    path("records/<str:model>/<str:pk>/edit/", record_edit, name="record_edit"),
    path("records/<str:model>/<str:pk>/starts/<str:api_name>/", record_start, name="record_start"),
    path("records/<str:model>/<str:pk>/work-guide/", work_guide, name="work_guide"),
]
