import jinja2

import ptrack


def environment(**options: object) -> jinja2.Environment:
    env = jinja2.Environment(**options)
    env.globals["ptrack"] = ptrack.pixel_img
    return env
