/* A camera that is not ours: gst-rtsp-server plays a clip at /cam0 in real time, over the transport it is told.
 * gst_camera PORT CLIP.mp4 h264|h265|mp2t|h264+aac|h264+pcmu|h264+pcma tcp|udp
 * gcc -O2 gst_camera.c -o gst_camera $(pkg-config --cflags --libs gstreamer-rtsp-server-1.0) */
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <string.h>

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  if (argc != 5) {
    g_printerr("usage: gst_camera PORT CLIP.mp4 h264|h265|mp2t|h264+aac|h264+pcmu|h264+pcma tcp|udp\n");
    return 2;
  }
  GMainLoop *loop = g_main_loop_new(NULL, FALSE);
  GstRTSPServer *server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, argv[1]);
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
  char *sound = strchr(argv[3], '+');
  char *launch =
      sound && g_str_equal(sound, "+aac")
          ? g_strdup_printf("( filesrc location=%s ! qtdemux name=d d.video_0 ! queue ! h264parse config-interval=-1 ! "
                            "rtph264pay name=pay0 pt=96 d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )",
                            argv[2])
      : sound
          ? g_strdup_printf("( filesrc location=%s ! qtdemux name=d d.video_0 ! queue ! h264parse config-interval=-1 ! "
                            "rtph264pay name=pay0 pt=96 d.audio_0 ! queue ! aacparse ! avdec_aac ! audioconvert ! "
                            "audioresample ! audio/x-raw,rate=8000,channels=1 ! %s name=pay1 )",
                            argv[2], g_str_equal(sound, "+pcmu") ? "mulawenc ! rtppcmupay" : "alawenc ! rtppcmapay")
      : g_str_equal(argv[3], "mp2t")
          ? g_strdup_printf("( filesrc location=%s ! qtdemux ! h264parse config-interval=-1 ! mpegtsmux ! rtpmp2tpay "
                            "name=pay0 pt=33 )", argv[2])
          : g_strdup_printf("( filesrc location=%s ! qtdemux ! %sparse config-interval=-1 ! rtp%spay name=pay0 pt=96 )",
                            argv[2], argv[3], argv[3]);
  gst_rtsp_media_factory_set_launch(factory, launch);
  gst_rtsp_media_factory_set_protocols(
      factory, g_str_equal(argv[4], "udp") ? GST_RTSP_LOWER_TRANS_UDP : GST_RTSP_LOWER_TRANS_TCP);
  GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, "/cam0", factory);
  g_free(launch);
  if (gst_rtsp_server_attach(server, NULL) == 0) {
    g_printerr("gst_camera: port %s cannot be served\n", argv[1]);
    return 1;
  }
  g_main_loop_run(loop);
}
