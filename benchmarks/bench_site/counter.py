class Counter:
    """Counts hits in one thread, and keeps the arguments of the last one."""

    def __init__(self) -> None:
        self.hits = 0
        self.last: object = None

    def add(self, arguments: object) -> None:
        self.hits += 1
        self.last = arguments


counter = Counter()
