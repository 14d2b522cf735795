// Present so that the plugin, svelte-check and editors agree: no preprocessing, runes everywhere.
export default { compilerOptions: { runes: true } };
