"""What a deployment sets about claims."""

from dataclasses import dataclass

NEUTRAL_NAMES = (
    "this messenger", "the messenger", "our messenger", "this messaging app", "este mensageiro", "nosso mensageiro",
    "este aplicativo de mensagens", "este servicio de mensajería", "esta aplicación de mensajería", "este mensajero",
    "questo servizio di messaggistica", "questa app di messaggistica", "cette messagerie", "notre messagerie",
    "dieser Messenger", "diesen Messenger", "diesem Messenger", "unser Messenger", "unserem Messenger",
    "aplikasi perpesanan ini", "layanan pesan ini", "этот мессенджер", "этом мессенджере", "этого мессенджера",
    "наш мессенджер", "нашем мессенджере", "bu mesajlaşma uygulaması", "bu mesajlaşma uygulamasında", "इस मैसेंजर",
    "यह मैसेंजर", "هذا التطبيق للمراسلة", "تطبيق المراسلة هذا", "本通讯软件", "本通信软件", "该通讯软件",
)  # fmt: skip
"""How texts name the messenger without naming it."""
DEFAULT_THRESHOLD = 0.65
MOST_CHARACTERS = 5_000_000
"""A text beyond it is refused: no page that a person reads is that long."""
LONGEST_SENTENCE = 2_000
"""Characters; longer ones are cut there, at a space when there is one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the messenger is called, and from which score on a sentence is shown."""

    names: tuple[str, ...] = ()
    """Of the messenger, with those in other scripts; beside :data:`NEUTRAL_NAMES`."""
    threshold: float = DEFAULT_THRESHOLD
    """Probability from which a sentence is returned."""
    other_channels: bool = False
    """Also sentences about SMS and e-mail."""

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}: it is a probability, from 0 to 1")
        if any(not name.strip() for name in self.names):
            raise ValueError("names: a name of the messenger is empty")

    @property
    def all_names(self) -> tuple[str, ...]:
        """Those set and the neutral ones."""
        return (*self.names, *NEUTRAL_NAMES)
