/** WebAuthn between the browser's binary shapes and the server's JSON. */

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));

const text = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

interface Named {
  id: string;
}

export const hasPasskeys = (): boolean => typeof PublicKeyCredential === "function" && isSecureContext;

/** Asks the authenticator for a new passkey. Throws an Error that can be shown. */
export async function createPasskey(options: Record<string, unknown>): Promise<unknown> {
  const { user, challenge, excludeCredentials = [] } = options as { user: Named; challenge: string; excludeCredentials?: Named[] };
  const publicKey = {
    ...options,
    challenge: bytes(challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: excludeCredentials.map((item) => ({ ...item, id: bytes(item.id) })),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = (await asked(navigator.credentials.create({ publicKey }))) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

/** Asks for any passkey of this site. Throws an Error that can be shown. */
export async function usePasskey(options: Record<string, unknown>): Promise<unknown> {
  const { challenge } = options as { challenge: string };
  const publicKey = { ...options, challenge: bytes(challenge), allowCredentials: [] } as unknown as PublicKeyCredentialRequestOptions;
  const made = (await asked(navigator.credentials.get({ publicKey }))) as PublicKeyCredential;
  const response = made.response as AuthenticatorAssertionResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
}

async function asked(credential: Promise<Credential | null>): Promise<Credential> {
  try {
    const given = await credential;
    if (given) return given;
  } catch (fault) {
    const name = fault instanceof DOMException ? fault.name : "";
    if (name === "InvalidStateError") throw new Error("This device has a passkey of yours already.");
    if (name === "SecurityError") throw new Error("Passkeys work at the address that the operator has set for this server, and not at this one.");
    if (name !== "NotAllowedError" && name !== "AbortError") throw fault;
  }
  throw new Error("No passkey was given. Try again, or choose another way.");
}
