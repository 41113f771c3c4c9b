//! What the fuzz targets call: each takes any bytes and must neither panic nor take long.
