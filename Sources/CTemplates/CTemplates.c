#include "CTemplates.h"

// clang has #embed for every standard of C, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const struct devbox_template templates[] = {
#include "list.h"
};

const struct devbox_template *devbox_templates(void) { return templates; }

size_t devbox_template_count(void) { return sizeof templates / sizeof *templates; }
