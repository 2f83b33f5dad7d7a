// The forms that a passkey fills in: the browser asks the person, and its answer is sent.
(() => {
  "use strict";
  const ask = { get: window.webauthnJSON.get, create: window.webauthnJSON.create };

  const optionsOf = async ({ dataset }) => {
    if (dataset.options) return JSON.parse(dataset.options);
    const answer = await fetch(dataset.from, { headers: { Accept: "application/json" } });
    return (await answer.json()).request_options;
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const wrong = form.querySelector("[role=alert]");
    form.hidden = !window.PublicKeyCredential;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      wrong.hidden = true;
      try {
        const options = await optionsOf(form);
        if (form.dataset.passkey === "create") {
          // One that is found without a username, and asks for finger, face or PIN.
          Object.assign(options.publicKey.authenticatorSelection, {
            residentKey: "required", requireResidentKey: true, userVerification: "required",
          });
        }
        form.elements.credential.value = JSON.stringify(await ask[form.dataset.passkey](options));
        form.submit();
      } catch {
        wrong.hidden = false; // refused, out of time, or none that fits
      }
    });
  }
})();
