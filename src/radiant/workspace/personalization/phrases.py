"""The words of `rules`, by language. The first rule that matches a clause is taken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind`: what the clause states: one that `rules` knows, or the attribute of a fact. `asked`: a standing request."""

    pattern: re.Pattern[str]
    kind: str
    value: str = ""
    asked: bool = False
    sign: Literal[1, -1] = 1
    single: bool = True

    @property
    def what(self) -> Literal["note", "other"]:
        """Notes may be longer than values."""
        return "note" if self.kind == "note" else "other"


def _rule(
    pattern: str, kind: str, value: str = "", *, asked: bool = False, sign: Literal[1, -1] = 1, single: bool = True
) -> Rule:
    return Rule(re.compile(pattern, re.I), kind, value, asked, sign, single)


LEAD_INS = re.compile(
    r"(?:\s*(?:and|but|so|also|well|hi|hello|hey|please|by the way|btw|actually|ok|okay|from now on|in future|just so you know|fyi"
    r"|und|aber|also|hallo|bitte|übrigens|eigentlich|ab jetzt|von nun an"
    r"|et|mais|alors|bonjour|salut|s'il te plaît|s'il vous plaît|au fait|en fait|désormais|à partir de maintenant"
    r"|y|pero|hola|por favor|por cierto|en realidad|a partir de ahora)(?:[,:!]|\b)\s*){0,3}\s*",
    re.I,
)
ENDINGS = re.compile(
    r"(?:,?\s+(?:please|now|right now|today|anymore|any more|any longer|from now on|these days|a lot|very much|so much|too|though|instead|thanks|thank you|in future"
    r"|bitte|jetzt|heute|mehr|ab jetzt|von nun an|sehr|danke"
    r"|s'il te plaît|s'il vous plaît|maintenant|aujourd'hui|désormais|beaucoup|merci"
    r"|por favor|ahora|hoy|ya|a partir de ahora|mucho|gracias))$",
    re.I,
)

_V = r"(?P<value>.+)"
_NAME = r"(?P<value>[^\W\d_][\w'’.-]*(?:\s+[A-ZÀ-Þ][\w'’.-]*){0,3})"

# What one has: three words at most, for longer ones are sentences about something else.
_WHAT = r"(?P<what>[\w'’-]{1,25}(?: [\w'’-]{1,25}){0,2}?)"
# No names: "call me when you are done".
NOT_NAMES = frozenset(
    ("back", "later", "when", "tomorrow", "if", "once", "maybe", "whenever", "after", "at", "on", "a", "the")
)

RULES: tuple[Rule, ...] = (
    # English
    _rule(rf"(?:please )?remember(?: that)?[,:]? {_V}", "note"),
    _rule(rf"(?:you can |you may |just )?call me {_NAME}", "name", asked=True),
    _rule(rf"(?:my name is|my name's|i am called|i'm called) {_NAME}", "name"),
    _rule(r"(?:always )?(?:answer|reply|respond|write|speak|talk)(?: to me)?(?: always)? in (?P<value>\w+)(?: from now on| always)?\s*[.!]*$", "language", asked=True),
    _rule(rf"(?:never|don't ever|do not ever|stop) {_V}", "habit", "never", asked=True),
    _rule(rf"always {_V}", "habit", "always", asked=True),
    _rule(rf"i (?:no longer|don't|do not) work (?:at|for) {_V}", "employer", sign=-1),
    _rule(rf"i (?:now |currently )?work (?:at|for) {_V}", "employer"),
    _rule(rf"i (?:now |currently )?work as (?:an? )?{_V}", "occupation"),
    _rule(rf"i (?:no longer|don't|do not) live in {_V}", "home", sign=-1),
    _rule(rf"i (?:now |currently )?live in {_V}", "home"),
    _rule(rf"i (?:just |have |recently )?moved to {_V}", "home"),
    _rule(rf"i(?:'m| am|’m) from {_V}", "origin"),
    _rule(r"i(?:'m| am|’m) (?:feeling |so |very |really |a bit )*(?P<value>[a-z]+)(?: today| right now| at the moment)?\s*[.!]*$", "mood"),
    _rule(rf"i(?:'m| am|’m) allergic to {_V}", "allergy", single=False),
    _rule(rf"i (?:no longer|don't|do not|don’t) (?:really )?(?:like|love|enjoy|prefer|want) {_V}", "taste", "dislike"),
    _rule(rf"i (?:really |absolutely )?(?:hate|dislike|detest|can't stand|cannot stand|can’t stand) {_V}", "taste", "dislike"),
    _rule(rf"i(?:'d| would|’d)? (?:generally |usually |really |now |strongly )?prefer (?:if (?:you|your answers) (?:are|were|gave|use|used) )?{_V}", "taste", "prefer"),
    _rule(rf"i (?:really |absolutely |also |now )?(?:like|love|adore|enjoy) {_V}", "taste", "like"),
    _rule(rf"my favou?rite (?P<what>[\w ]{{1,40}}?) is {_V}", "favourite"),
    _rule(rf"my {_WHAT} (?:is no longer|isn't|is not) {_V}", "mine", sign=-1),
    _rule(rf"my {_WHAT} (?:is|are) (?:now )?{_V}", "mine"),
    # German
    _rule(rf"(?:merk dir|merke dir|denk daran|denke daran)(?:,? dass)?[,:]? {_V}", "note"),
    _rule(rf"(?:du kannst mich |sie können mich )?(?:nenn|nenne|nennen) (?:sie )?mich {_NAME}", "name", asked=True),
    _rule(rf"(?:ich heiße|ich heisse|mein name ist) {_NAME}", "name"),
    _rule(r"(?:antworte|antworten sie|schreib|schreibe|sprich)(?: mir)?(?: bitte)?(?: immer| stets)?(?: auf| in) (?P<value>\w+)\s*[.!]*$", "language", asked=True),
    _rule(rf"(?:nie|niemals|nie wieder) {_V}", "habit", "never", asked=True),
    _rule(r"(?:verwende|verwenden sie|benutze|nutze|schreibe|schreib) (?:nie|niemals|keine|keinen|kein) (?P<value>.+)", "habit of use", "never", asked=True),
    _rule(r"(?:verwende|verwenden sie|benutze|nutze) (?:immer|stets) (?P<value>.+)", "habit of use", "always", asked=True),
    _rule(rf"ich arbeite (?:nicht mehr|nicht) (?:bei|für) {_V}", "employer", sign=-1),
    _rule(rf"ich arbeite (?:jetzt |derzeit )?(?:bei|für) {_V}", "employer"),
    _rule(rf"ich arbeite (?:jetzt |derzeit )?als {_V}", "occupation"),
    _rule(rf"ich (?:wohne|lebe) (?:nicht mehr|nicht) in {_V}", "home", sign=-1),
    _rule(rf"ich (?:wohne|lebe) (?:jetzt |derzeit )?in {_V}", "home"),
    _rule(rf"ich komme aus {_V}", "origin"),
    _rule(rf"ich bin (?:allergisch gegen) {_V}", "allergy", single=False),
    _rule(r"ich bin (?:heute |gerade |sehr |so )*(?P<value>[a-zäöüß]+)(?: heute| gerade)?\s*[.!]*$", "mood"),
    _rule(rf"ich (?:hasse|verabscheue) {_V}", "taste", "dislike"),
    _rule(r"ich (?:mag|liebe) (?:nicht mehr |kein |keine |keinen )(?P<value>.+)", "taste", "dislike"),
    _rule(r"ich (?:mag|liebe) (?P<value>.+?) (?:nicht mehr|nicht|überhaupt nicht|gar nicht)\s*[.!]*$", "taste", "dislike"),
    _rule(rf"ich (?:mag|liebe) (?:sehr |auch )?{_V}", "taste", "like"),
    _rule(rf"ich (?:bevorzuge|hätte lieber|habe lieber|mag lieber) {_V}", "taste", "prefer"),
    _rule(rf"meine? lieblings(?P<what>\w{{1,40}}) (?:ist|sind) {_V}", "favourite"),
    _rule(rf"meine? {_WHAT} (?:ist|sind) (?:nicht mehr|nicht) {_V}", "mine", sign=-1),
    _rule(rf"meine? {_WHAT} (?:ist|sind) (?:jetzt )?{_V}", "mine"),
    # French
    _rule(rf"(?:souviens-toi|souvenez-vous|retiens|retenez|rappelle-toi)(?: que| qu'| qu’)?[,:]? ?{_V}", "note"),
    _rule(rf"(?:tu peux m'|vous pouvez m')?appel(?:le|ez)[- ]moi {_NAME}", "name", asked=True),
    _rule(rf"je m['’]appelle {_NAME}", "name"),
    _rule(r"(?:réponds|répondez|écris|écrivez|parle|parlez)(?:[- ]moi)?(?: toujours)? en (?P<value>[\wàâçéèêëîïôûùüÿñæœ]+)\s*[.!]*$", "language", asked=True),
    _rule(r"n['’]?(?:utilise|utilisez|emploie|employez) (?:jamais|plus|pas)(?: d['’]| de | des )? ?(?P<value>.+)", "habit of use", "never", asked=True),
    _rule(r"(?:utilise|utilisez|emploie|employez) toujours (?:d['’]|de |des )?(?P<value>.+)", "habit of use", "always", asked=True),
    _rule(rf"je ne travaille (?:plus|pas) (?:chez|pour|à) {_V}", "employer", sign=-1),
    _rule(rf"je travaille (?:maintenant )?(?:chez|pour) {_V}", "employer"),
    _rule(rf"je travaille (?:maintenant )?comme {_V}", "occupation"),
    _rule(rf"(?:je n['’]habite|je ne vis) (?:plus|pas) (?:à|en|au|aux) {_V}", "home", sign=-1),
    _rule(rf"(?:j['’]habite|je vis) (?:maintenant )?(?:à|en|au|aux) {_V}", "home"),
    _rule(rf"je viens (?:de |du |d['’]){_V}", "origin"),
    _rule(rf"je suis allergique (?:à |aux |au ){_V}", "allergy", single=False),
    _rule(r"je (?:suis|me sens) (?:très |un peu |vraiment )?(?P<value>[a-zàâçéèêëîïôûù]+)(?: aujourd['’]hui)?\s*[.!]*$", "mood"),
    _rule(rf"je n['’]aime (?:plus|pas)(?: du tout)? {_V}", "taste", "dislike"),
    _rule(rf"je (?:déteste|hais) {_V}", "taste", "dislike"),
    _rule(rf"je préfère {_V}", "taste", "prefer"),
    _rule(rf"(?:j['’]aime(?: bien| beaucoup)?|j['’]adore) {_V}", "taste", "like"),
    _rule(rf"(?:mon|ma) (?P<what>[\w àâçéèêëîïôûù-]{{1,40}}?) préférée? est {_V}", "favourite"),
    _rule(rf"(?:mon|ma) {_WHAT} n['’]est (?:plus|pas) {_V}", "mine", sign=-1),
    _rule(rf"(?:mon|ma) {_WHAT} est (?:maintenant )?{_V}", "mine"),
    # Spanish
    _rule(rf"(?:recuerda|recuerde|acuérdate de)(?: que)?[,:]? {_V}", "note"),
    _rule(rf"(?:puedes )?(?:llámame|llámeme|llamarme) {_NAME}", "name", asked=True),
    _rule(rf"me llamo {_NAME}", "name"),
    _rule(r"(?:responde|responda|contesta|escribe|háblame|habla)(?:me)?(?: siempre)? en (?P<value>[\wáéíóúñü]+)\s*[.!]*$", "language", asked=True),
    _rule(rf"(?:nunca uses|nunca use|no uses|no utilices|nunca utilices) (?:más )?{_V}", "habit of use", "never", asked=True),
    _rule(rf"(?:usa|utiliza) siempre {_V}", "habit of use", "always", asked=True),
    _rule(rf"(?:yo )?(?:ya )?no trabajo (?:en|para) {_V}", "employer", sign=-1),
    _rule(rf"(?:yo )?(?:ahora )?trabajo (?:en|para) {_V}", "employer"),
    _rule(rf"(?:yo )?(?:ahora )?trabajo (?:de|como) {_V}", "occupation"),
    _rule(rf"(?:yo )?(?:ya )?no vivo en {_V}", "home", sign=-1),
    _rule(rf"(?:yo )?(?:ahora )?vivo en {_V}", "home"),
    _rule(rf"(?:yo )?soy de {_V}", "origin"),
    _rule(rf"soy alérgic[oa] (?:a |al ){_V}", "allergy", single=False),
    _rule(r"(?:yo )?estoy (?:muy |un poco )?(?P<value>[a-záéíóúñ]+)(?: hoy)?\s*[.!]*$", "mood"),
    _rule(rf"(?:ya )?no me gustan? {_V}", "taste", "dislike"),
    _rule(rf"(?:yo )?(?:odio|detesto) {_V}", "taste", "dislike"),
    _rule(rf"(?:yo )?prefiero {_V}", "taste", "prefer"),
    _rule(rf"(?:me gustan?(?: mucho)?|me encantan?|amo) {_V}", "taste", "like"),
    _rule(rf"mi (?P<what>[\w áéíóúñ-]{{1,40}}?) (?:favorit[oa]|preferid[oa]) es {_V}", "favourite"),
    _rule(rf"mi {_WHAT} (?:ya )?no es {_V}", "mine", sign=-1),
    _rule(rf"mi {_WHAT} es (?:ahora )?{_V}", "mine"),
)  # fmt: skip

# Of whom answers: what else one is told always or never to do is no preference.
ANSWER_VERBS = frozenset(
    (  # noqa: SIM905
        "answer use write reply respond include add give show explain format start end put mention cite say apologise"
        " apologize repeat translate summarise summarize"
    ).split()
)
BASE_FORMS: Mapping[str, str] = {(verb[:-1] if verb.endswith("e") else verb) + "ing": verb for verb in ANSWER_VERBS} | {
    "putting": "put"
}

LANGUAGES: Mapping[str, str] = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt", "dutch": "nl",
    "polish": "pl", "japanese": "ja", "chinese": "zh", "russian": "ru",
    "englisch": "en", "deutsch": "de", "französisch": "fr", "spanisch": "es", "italienisch": "it",
    "anglais": "en", "allemand": "de", "français": "fr", "espagnol": "es", "italien": "it",
    "inglés": "en", "alemán": "de", "francés": "fr", "español": "es", "castellano": "es", "italiano": "it",
}  # fmt: skip

# How answers are to be: the key, and what is said of it (whole words) by what is meant.
STYLES: Mapping[str, Mapping[str, str]] = {
    "answer.length": {
        r"short(?:er)?|brief|concise|terse": "short", r"long(?:er)?|detailed|thorough|in depth": "long",
        r"kurze?n?|kürzere?n?|knappe?n?": "short", r"lange?n?|längere?n?|ausführliche?n?|detaillierte?n?": "long",
        r"court[es]*|brèves?|concis[es]*": "short", r"longu?e?s?|détaillé[es]*": "long",
        r"cort[oa]s?|breves?": "short", r"larg[oa]s?|detallad[oa]s?": "long",
    },
    "answer.format": {
        r"bullet points?|bullets|lists|stichpunkte|listen|listes?|listas?|viñetas": "list",
        r"tables|tabellen|tableaux|tablas": "table", r"prose|fließtext|prosa": "prose",
    },
    "answer.tone": {
        r"formal|förmlich\w*|formel\w*|formales?": "formal",
        r"informal|casual|locker\w*|décontracté\w*|informales?": "casual",
    },
    "units": {r"metric|metrisch\w*|métri\w+": "metric", r"imperial|impérial\w*": "imperial"},
    "models.level": {
        r"fast(?:er)? (?:answers|replies|models?)|cheap(?:er)? (?:answers|models?)|speed over quality": "economy",
        r"quality over speed|(?:the )?best models?|better (?:answers|models?)": "premium",
        r"schnelle antworten|günstige modelle|réponses rapides|respuestas rápidas": "economy",
    },
}  # fmt: skip

MOODS: Mapping[str, str] = {
    "tired": "tired", "exhausted": "tired", "müde": "tired", "fatigué": "tired", "fatiguée": "tired", "cansado": "tired",
    "cansada": "tired",
    "stressed": "stressed", "overwhelmed": "stressed", "gestresst": "stressed", "stressé": "stressed",
    "stressée": "stressed", "estresado": "stressed", "estresada": "stressed",
    "happy": "happy", "excited": "happy", "glücklich": "happy", "froh": "happy", "heureux": "happy", "heureuse": "happy",
    "contento": "happy", "contenta": "happy", "feliz": "happy",
    "sad": "sad", "traurig": "sad", "triste": "sad",
    "angry": "angry", "annoyed": "angry", "wütend": "angry", "fâché": "angry", "fâchée": "angry", "enfadado": "angry",
    "enfadada": "angry",
}  # fmt: skip
