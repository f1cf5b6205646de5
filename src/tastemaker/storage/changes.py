"""Whether any process committed anything since the last look, for the price of one PRAGMA."""

from tastemaker.storage.database import Database


class Changes:
    """Looks at the database's version; used by one thread."""

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.raw_connection()
        self._cursor = self._connection.cursor()
        self._version = -1

    def seen(self) -> bool:
        """True at the first look, and when something was committed since the last one."""
        version = int(self._cursor.execute("PRAGMA data_version").fetchone()[0])
        if version == self._version:
            return False
        self._version = version
        return True

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()
