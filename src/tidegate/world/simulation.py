"""Builds a world: people first, then attackers, then everybody's threads played out into one sorted log."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world import population
from tidegate.world.accounts import ROLE_CODE, new_accounts
from tidegate.world.attacks import attack
from tidegate.world.callings import callings, speak_in_groups
from tidegate.world.conversations import converse
from tidegate.world.crowds.crowd import Crowd
from tidegate.world.crowds.flash import FLASH_SPAMMER, provoke
from tidegate.world.crowds.gathering import gather
from tidegate.world.crowds.lives import live
from tidegate.world.daily_life import chats_among_friends, strangers
from tidegate.world.feedback import complain_about_strangers
from tidegate.world.groups import everyday_groups, meet_in_groups
from tidegate.world.habits import draw_habits
from tidegate.world.log import EventLog
from tidegate.world.naming import name_identities
from tidegate.world.occasions import occasions, turns_of_life
from tidegate.world.operators import Campaign, family_sizes, split_between_operators
from tidegate.world.places import Places
from tidegate.world.plans import FAMILIES, AttackerPlan
from tidegate.world.randomness import generator
from tidegate.world.scene import Scene
from tidegate.world.settings import WorldSettings
from tidegate.world.threads import Threads, joined
from tidegate.world.ties import tie_people
from tidegate.world.world import World


def simulate(settings: WorldSettings) -> World:
    """The world of these settings; equal settings give equal bytes on one machine."""
    sizes = family_sizes(settings)
    stolen = min(sizes.pop("hijacked", 0), settings.people // 4)
    flashes = (settings.crowds or {}).get("complaints", 0)
    scene = _people(settings, stolen, sum(sizes.values()) + flashes)
    crowds = _daily_life(scene)
    campaigns = _campaigns(scene, sizes, stolen)
    for campaign in campaigns:
        attack(scene, campaign)
    angry = [crowd for crowd in crowds if crowd.kind == "complaints"]
    for number, crowd in enumerate(angry):
        # The accounts behind all others are the spammers that a flash of complaints is about, one each.
        spammer = len(scene.who) - flashes + number
        provoke(scene, crowd, _lone_spammer(scene, spammer, len(campaigns) + number))
    return _play_out(scene)


def _people(settings: WorldSettings, stolen: int, attackers: int) -> Scene:
    """Honest people and their surroundings, with empty rows for the attackers."""
    habits = draw_habits(generator(settings.seed, "habits"), settings.randomised, settings.open_society)
    people = settings.people + stolen
    who = new_accounts(people + attackers, spare=stolen)
    rng = generator(settings.seed, "people")
    population.give_roles(rng, who, people, settings.days, habits)
    population.give_days(rng, who, people, habits)
    population.give_sign_ups(rng, who, people, settings.length_s)
    places = Places(generator(settings.seed, "places"))
    population.give_places(rng, places, who, people, habits)
    population.give_journeys(rng, who, settings.length_s)
    population.give_devices(rng, places, who, people)
    population.give_new_phones(rng, places, who, settings.length_s)
    population.give_phones(rng, who, people)
    ties = tie_people(generator(settings.seed, "ties"), people, who.activity[:people], habits)
    log = EventLog(settings.length_s, settings.signals, settings.prelude)
    return Scene(settings, habits, who, people, places, log, ties, np.full(len(who), -1, np.int32))


def _lone_spammer(scene: Scene, account: int, number: int) -> Campaign:
    operator = FAMILIES[FLASH_SPAMMER].draw(scene.rng("flash operator", number))
    nobody = np.zeros(0, np.int64)
    rng = scene.rng("flash", number)
    return Campaign(number, FLASH_SPAMMER, operator, np.array([account]), nobody, rng)


def _daily_life(scene: Scene) -> list[Crowd]:
    turns_of_life(scene)
    crowds = gather(scene)
    chats_among_friends(scene)
    strangers(scene)
    callings(scene)
    occasions(scene)
    everyday_groups(scene)
    speak_in_groups(scene)
    meet_in_groups(scene)
    complain_about_strangers(scene)
    live(scene, crowds)
    return crowds


def _campaigns(scene: Scene, sizes: dict[str, int], stolen: int) -> list[Campaign]:
    """Every operator with his accounts. Thieves get honest people; the others the rows behind the people."""
    plans = FAMILIES if scene.settings.attackers is None else scene.settings.attackers
    campaigns: list[Campaign] = []
    if stolen:
        people = slice(0, scene.people)
        ordinary = (
            (scene.who.role[people] == ROLE_CODE["person"])
            & (scene.who.signup[people] < 0.0)
            & np.isinf(scene.who.death[people])
        )
        victims = scene.rng("victims").permutation(np.flatnonzero(ordinary))[:stolen]
        # The spare rows hold each thief's network and device.
        spare = np.arange(len(scene.who), len(scene.who) + len(victims))
        campaigns += _operators(scene, "hijacked", plans["hijacked"], victims, spare)
    row = scene.people
    for family, size in sizes.items():
        accounts = np.arange(row, row + size)
        campaigns += _operators(scene, family, plans[family], accounts, None)
        row += size
    for number, campaign in enumerate(campaigns):
        campaign.number = number
    return campaigns


def _operators(
    scene: Scene,
    family: str,
    plan: AttackerPlan,
    accounts: NDArray[np.int64],
    spare: NDArray[np.int64] | None,
) -> list[Campaign]:
    """Split a family's accounts between operators, and each operator's between workers and accomplices."""
    campaigns: list[Campaign] = []
    taken = 0
    for operator, count in split_between_operators(scene.rng("operators", family), plan, len(accounts)):
        part = slice(taken, taken + count)
        taken += count
        helpers = round(count * operator.accomplices / (1.0 + operator.accomplices)) if count > 1 else 0
        workers = accounts[part][helpers:]
        accomplices = accounts[part][:helpers] if spare is None else spare[part]
        rng = scene.rng("campaign", family, len(campaigns))
        campaigns.append(Campaign(0, family, operator, workers, accomplices, rng))
    return campaigns


def _play_out(scene: Scene) -> World:
    """Chats get their numbers, threads become messages, and everything is sorted."""
    who, settings = scene.who, scene.settings
    scene.add_events(EventType.REGISTER, who.signup[: len(who)], np.arange(len(who)))
    own = joined(scene.threads)
    own = own.take(own.start < who.locked_out[own.opener])
    batches: list[tuple[Threads, NDArray[np.int32] | None]] = [(own, None), *scene.stolen]
    chats = _number_chats([threads for threads, _ in batches], len(scene.groups))
    chat_count = len(scene.groups)
    for (threads, origin), chat in zip(batches, chats, strict=True):
        if len(threads):
            converse(scene.rng("messages", chat_count), threads, chat, scene.manners, who, scene.log, origin)
            chat_count = max(chat_count, int(chat.max()) + 1)
    columns = scene.log.sort(settings.start)
    names = name_identities(generator(settings.seed, "names"), len(who) + scene.unused_numbers)
    return World(
        settings=replace(settings),
        habits=scene.habits,
        columns=columns,
        who=who,
        names=names,
        addresses=np.concatenate(scene.places.addresses),
        devices=scene.places.devices,
        chats=chat_count,
    )


def _number_chats(batches: list[Threads], first: int) -> list[NDArray[np.int32]]:
    """One number for each pair of accounts, from ``first`` upwards."""
    keys = []
    for threads in batches:
        low = np.minimum(threads.opener, threads.other).astype(np.int64)
        keys.append((low << 32) | np.maximum(threads.opener, threads.other))
    _, number = np.unique(np.concatenate(keys), return_inverse=True)
    bounds = np.cumsum([len(key) for key in keys])[:-1]
    return [part.astype(np.int32) for part in np.split(first + number, bounds)]
