// Who is signed in here. One for the page; loaded before anything else is asked of the recorder.

/** The problem that an answer carries, or one that says the recorder cannot be reached. */
export class RefusedError extends Error {
  constructor(problem) {
    super(problem.title ?? "");
    this.problem = problem;
  }
}

/** What `api/v1/…` answers to a request with a JSON body; throws RefusedError. */
export async function ask(path, { method = "GET", body } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(`api/v1/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new RefusedError({ code: "unreachable" });
  }
  const answer = await response.json().catch(() => ({ code: `http_${response.status}` }));
  if (!response.ok) throw new RefusedError({ ...answer, retryAfter: Number(response.headers.get("Retry-After") ?? 0) });
  return answer;
}

const RANKS = ["viewer", "operator", "admin"];

class Session {
  access = "open";
  ways = [];
  user = null;
  relayed = false;

  /** Asks the recorder; one that does not answer is taken to be open until its state says otherwise. */
  async load() {
    try {
      this.take(await ask("session"));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (error.problem.code === "signed_out") this.take({ access: "service", ways: [], user: null, relayed: true });
    }
  }

  take({ access, ways, user, relayed }) {
    Object.assign(this, { access, ways, user, relayed });
  }

  /** Whether something has to be done before the recorder shows anything. */
  get blocked() {
    return this.access !== "open" || this.relayed ? !this.user || this.user.must_change : false;
  }

  /** Whether the person who is signed in may do what that role may. */
  may(role) {
    return RANKS.indexOf(this.user?.role ?? "admin") >= RANKS.indexOf(role);
  }
}

export const session = new Session();
