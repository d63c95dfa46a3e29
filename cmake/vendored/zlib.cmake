# Becomes zlib's CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)
project(zlib LANGUAGES C)

add_library(z STATIC adler32.c crc32.c deflate.c infback.c inffast.c inflate.c inftrees.c trees.c zutil.c)
target_compile_definitions(z PRIVATE HAVE_UNISTD_H)
install(TARGETS z ARCHIVE DESTINATION lib)
install(FILES zlib.h zconf.h DESTINATION include)
