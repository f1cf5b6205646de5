"""Sixteen films, written for the tests: four of the sea, four of space, four of courts, four of kitchens."""

FILMS: dict[str, tuple[str, str]] = {
    "sea-1": ("The Long Tide", "A captain sails an old ship through storms to bring his crew home to the harbour."),
    "sea-2": ("Salt and Rope", "Sailors mutiny against their captain when the ship drifts far from any harbour."),
    "sea-3": ("Lighthouse Winter", "A lighthouse keeper rescues sailors from a sinking ship during winter storms."),
    "sea-4": ("Deep Anchors", "Divers find a sunken ship, and the crew that sailed it, below a quiet harbour."),
    "space-1": ("Broken Orbit", "Astronauts repair a damaged station while their planet turns silent below."),
    "space-2": ("Red Dust", "Astronauts stranded on a distant planet grow food and wait for a rocket."),
    "space-3": ("Signal Nine", "A station at the edge of the galaxy hears a signal from an unknown planet."),
    "space-4": ("Launch Window", "Engineers build a rocket to bring astronauts back before the station falls."),
    "court-1": ("Reasonable Doubt Street", "A young lawyer defends an innocent man before a hostile jury."),
    "court-2": ("The Last Witness", "A witness changes her story, and the lawyer must convince judge and jury."),
    "court-3": ("Appeal", "A judge reopens an old trial when new evidence shows that the man was innocent."),
    "court-4": ("Twelve Chairs Empty", "A trial collapses when the jury learns who paid the witness."),
    "cook-1": ("Butter Years", "A chef opens a tiny restaurant and teaches her daughter to bake bread."),
    "cook-2": ("The Night Kitchen", "Cooks of a famous restaurant plan a rebellion against their cruel chef."),
    "cook-3": ("Salt to Taste", "A critic loses her palate, until a chef teaches her to cook in a village kitchen."),
    "cook-4": ("Recipe for Rain", "Rivals bake the same cake for a wedding in one restaurant."),
}
NEW = ("Harbour Lights", "A retired captain trains young sailors on his ship before the winter storms.")


def theme(film: str) -> str:
    """sea, space, court or cook."""
    return film.partition("-")[0]
