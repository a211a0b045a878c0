from loyalty.models import ledger  # never its names: they are private to loyalty
from loyalty.models.accounts import Account
from loyalty.models.actions import Action, EventType, TaskProgress
from loyalty.models.batches import Batch
from loyalty.models.businesses import Business, Membership, Plan
from loyalty.models.climbs import Arrival, Climb
from loyalty.models.completions import ProofFile, QuestCompletion, Submission, TaskCompletion
from loyalty.models.earn_rules import EarnRule, EarnRuleBudget, EarnRuleUse, EarnRuleVersion
from loyalty.models.events import Event, EventBody
from loyalty.models.hold import HoldAccrual, HoldFeed, HoldPosting, HoldProgramme, RevenueReport
from loyalty.models.idempotency import IdempotencyRecord
from loyalty.models.inventory import Holding, HoldingChange, InventoryItem, InventorySet
from loyalty.models.keys import ApiKey, SigningKey
from loyalty.models.merges import Merge, MovedLifetime
from loyalty.models.metrics import Metric, Milestone, MilestoneSet
from loyalty.models.programme import ProgrammeVersion
from loyalty.models.quests import Quest, QuestVersion, Task
from loyalty.models.redelivered import RedeliveredTask
from loyalty.models.segments import Admission, Segment, SegmentMember
from loyalty.models.simulations import Simulation
from loyalty.models.stamps import StampCard, StampReward
from loyalty.models.stuck import StuckEvent
from loyalty.models.tap import TapMeter, TapProgramme
from loyalty.models.users import User
from loyalty.models.withheld import WithheldBenefit

__all__ = [
    "Account",
    "Action",
    "Admission",
    "ApiKey",
    "Arrival",
    "Batch",
    "Business",
    "Climb",
    "EarnRule",
    "EarnRuleBudget",
    "EarnRuleUse",
    "EarnRuleVersion",
    "Event",
    "EventBody",
    "EventType",
    "HoldAccrual",
    "HoldFeed",
    "HoldPosting",
    "HoldProgramme",
    "Holding",
    "HoldingChange",
    "IdempotencyRecord",
    "InventoryItem",
    "InventorySet",
    "Membership",
    "Merge",
    "Metric",
    "Milestone",
    "MilestoneSet",
    "MovedLifetime",
    "Plan",
    "Quest",
    "QuestCompletion",
    "QuestVersion",
    "ProgrammeVersion",
    "ProofFile",
    "RedeliveredTask",
    "RevenueReport",
    "Segment",
    "SegmentMember",
    "SigningKey",
    "Simulation",
    "StampCard",
    "StampReward",
    "StuckEvent",
    "Submission",
    "TapMeter",
    "TapProgramme",
    "Task",
    "TaskCompletion",
    "TaskProgress",
    "User",
    "WithheldBenefit",
    "ledger",
]
