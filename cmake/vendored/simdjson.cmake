# Becomes simdjson's CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)
project(simdjson LANGUAGES CXX)

# Its messages go to no stream of ours; <iostream> would set up all locales in each process, in 0.4 MB.
foreach(file IN ITEMS simdjson.h simdjson.cpp)
  file(READ ${file} text)
  string(REPLACE "#include <iostream>" "#include <ostream>" text "${text}")
  file(WRITE ${file} "${text}")
endforeach()

add_library(simdjson STATIC simdjson.cpp)
target_compile_features(simdjson PRIVATE cxx_std_17)
install(TARGETS simdjson ARCHIVE DESTINATION lib)
install(FILES simdjson.h DESTINATION include)
