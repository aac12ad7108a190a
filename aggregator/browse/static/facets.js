// Datasette's table.js asks this; faceting by any column is allowed.
const DATASETTE_ALLOW_FACET = true;
