"use strict";
const services = ["auth", "patients", "letters", "notify"];
window.ui = SwaggerUIBundle({
  dom_id: "#api",
  urls: services.map((name) => ({ name, url: `/api/docs/${name}.json` })),
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
  supportedSubmitMethods: [],
});
