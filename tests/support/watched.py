"""A stand of which chaosd and the exporter know each other."""

import wire
from cluster import OPERATOR, Stand


class Watched(Stand):
    """A stand whose chaosd asks the exporter, and whose exporter asks chaosd."""

    def start(self):
        self.chaosd.argv.append(f"--exporter.address={self.exporter.address}")
        return super().start()

    @property
    def api(self):
        return wire.Chaos(self.chaosd.url, OPERATOR)
