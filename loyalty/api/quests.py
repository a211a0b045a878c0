"""Quests for a merchant's backend."""

from uuid import UUID

from loyalty.api import quest_shapes as shapes
from loyalty.api.examples import ADVOCATE_ID, TASK_ID
from loyalty.api.paging import page_numbered
from loyalty.api.views import Call, KeyView, get_or_404, operation
from loyalty.kernel.errors import Code
from loyalty.models import Quest
from loyalty.selectors import quests as reads
from loyalty.services import completions, quests

EXAMPLE = {
    "title": "Commuter",
    "description": "Ten rides in your first week",
    "tasks": [
        {"title": "Ride ten times", "type": "event", "trigger": "ride_completed", "target": 10, "points": 10},
        {"title": "Show us your bike", "type": "proof", "benefits": []},
    ],
    "reward": {"points": 50},
}


class Quests(KeyView):
    @operation("List quests, newest first", query=shapes.ListQuests, answer=shapes.QuestPage)
    def get(self, call: Call[None, shapes.ListQuests]) -> shapes.QuestPage:
        rows = Quest.objects.for_business(call.business).select_related("current")
        if call.query.status is not None:
            rows = rows.filter(status=call.query.status)
        return shapes.quest_page(page_numbered(rows, call.query, business=call.business))

    @operation(
        "Create a quest",
        body=shapes.NewQuest,
        answer=shapes.OneQuest,
        status=201,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        example=EXAMPLE,
        description="It is active at once, unless a status says otherwise; an active quest needs a task.",
    )
    def post(self, call: Call[shapes.NewQuest, None]) -> shapes.OneQuest:
        body = call.body
        with body.blamed():
            quest = quests.create(business=call.business, rules=body.all_rules(), **body.texts())
        return shapes.OneQuest(quest=shapes.quest(quest))


class OneQuest(KeyView):
    @operation("Get a quest with its tasks", answer=shapes.QuestWithTasks)
    def get(self, call: Call[None, None], quest_id: UUID) -> shapes.QuestWithTasks:
        rows = Quest.objects.for_business(call.business).select_related("current")
        quest = get_or_404(rows, noun="quest", pk=quest_id)
        tasks = [shapes.task(task) for task in reads.tasks_of(quest.current)]
        return shapes.QuestWithTasks(quest=shapes.quest(quest), tasks=tasks)

    @operation(
        "Change a quest",
        body=shapes.QuestFields,
        answer=shapes.OneQuest,
        errors=(Code.CONFLICT,),
        example={"status": "paused"},
        description="Texts and status change at any time. Rules make a new version, which a quest that is active and "
        "stays so refuses with 409: send status paused with them. Progress stays, by the keys of the tasks.",
    )
    def patch(self, call: Call[shapes.QuestFields, None], quest_id: UUID) -> shapes.OneQuest:
        body = call.body
        with body.blamed():
            quest = quests.update(business=call.business, quest_id=quest_id, texts=body.texts(), rules=body.rules())
        return shapes.OneQuest(quest=shapes.quest(quest))


class Complete(KeyView):
    @operation(
        "Say that an advocate has completed a task",
        body=shapes.NewCompletion,
        answer=shapes.OneCompletion,
        errors=(Code.NOT_ELIGIBLE, Code.CONFLICT),
        example={
            "advocateId": ADVOCATE_ID,
            "taskId": TASK_ID,
        },
        description="The last task completes the quest. pointsAwarded is all that this call paid; a repeat answers "
        "the same completion, and pays nothing. Tasks of type event are completed by events alone.",
    )
    def post(self, call: Call[shapes.NewCompletion, None], quest_id: UUID) -> shapes.OneCompletion:
        outcome = completions.complete(
            business=call.business,
            quest_id=quest_id,
            task_id=call.body.task_id,
            account_id=call.body.advocate_id,
        )
        return shapes.completion(outcome)
