/* version.h: the release, in one place: CMakeLists.txt reads it here. */
#ifndef OPENPOST_BASE_VERSION_H
#define OPENPOST_BASE_VERSION_H

#define OPENPOST_VERSION "0.1.0"

#endif
