"""What the demo prints, and how it fails."""


class DemoError(Exception):
    """Something is not as it should be. The text says what."""


class Output:
    """Prints numbered steps, and lines of a name and a value under each of them."""

    def __init__(self) -> None:
        self.step_number = 0

    def step(self, title: str) -> None:
        self.step_number += 1
        print(f"\n{self.step_number}. {title}")

    def line(self, name: str, value: object) -> None:
        print(f"   {name:<10}{value}")


def expect(condition: bool, otherwise: str) -> None:
    """Raise ``DemoError`` with the text ``otherwise`` unless the condition holds."""
    if not condition:
        raise DemoError(otherwise)
