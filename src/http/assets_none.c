/* Stands in where the dashboard was not built: the API works without it. */
#include "http/assets.h"

const struct sl_asset sl_assets[] = {{0}};
const size_t sl_assets_count = 0;
