// By which way this browser can show a stream: "mse" (tenths of a second behind), "hls" (seconds), "jpeg" (key pictures).

import { pageAddress, socketAddress } from "../address.js";
import { language } from "../i18n.js";
import { LiveLink } from "../live-link.js";
import { MsePlayer } from "../mse-player.js";
import { HlsLink } from "./hls-link.js";
import { StillLink } from "./still-link.js";
import { StillPlayer } from "./still-player.js";

const HLS = "application/vnd.apple.mpegurl";
const H265 = 'video/mp4; codecs="hvc1.1.6.L93.B0"';

/** The best one that has not failed. `codec`: by the site state; `failed`: a Set of ways. */
export function bestWay(codec, failed) {
  if (MsePlayer.available && !failed.has("mse")) return "mse";
  return playsHls(codec) && !failed.has("hls") ? "hls" : "jpeg";
}

/** Whether another stream of the camera would play as video, where this one does not. */
export function anotherPlays(camera, stream) {
  return Object.entries(camera.streams).some(
    ([name, { codec }]) => name !== stream && codec === "h264" && (MsePlayer.available || playsHls(codec)),
  );
}

/**
 * A link by this way, not started, and what shows its pictures in `video` or `still`. changed(): the link's phase has;
 * hello(hello), for "mse": the player is to be opened; useless(), for "hls": another way is needed.
 */
export function take(way, camera, stream, { video, still }, { hello, changed, useless }) {
  const path = `api/v1/cameras/${encodeURIComponent(camera)}`;
  const query = { stream, lang: language() };
  if (way === "hls") {
    const link = new HlsLink(pageAddress(`${path}/hls/${stream}.m3u8`, query), video, { changed, useless });
    return { link, player: link };
  }
  if (way === "jpeg") {
    const player = new StillPlayer(still);
    const picture = (piece) => player.append(piece);
    return { link: new StillLink(pageAddress(`${path}/live.mjpeg`, query), { picture, changed }), player };
  }
  const player = new MsePlayer(video, () => link.restart());
  const media = (piece) => player.append(piece);
  const link = new LiveLink(socketAddress(`${path}/live`, query), { hello, media, changed });
  return { link, player };
}

function playsHls(codec) {
  const video = document.createElement("video");
  return video.canPlayType(HLS) !== "" && (codec !== "h265" || video.canPlayType(H265) !== "");
}
