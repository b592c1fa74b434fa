"use strict";
const services = ["auth", "patients", "letters", "notify"];
const shown = services.find((name) => location.search === `?service=${name}`) ?? "letters";

for (const name of services) {
  const link = document.createElement("a");
  link.href = `?service=${name}`;
  link.textContent = name;
  if (name === shown) link.setAttribute("aria-current", "page");
  document.getElementById("services").append(link);
}

SwaggerUIBundle({
  dom_id: "#api",
  url: `/api/docs/${shown}.json`,
  deepLinking: true,
  validatorUrl: null,
  supportedSubmitMethods: [],
});
