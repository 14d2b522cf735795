# The verbs that every target is made with, so that none forgets the standard, the warnings or a label.

function(_faultline_rules target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Werror)
  # GCC 12 sees overlaps in "text" + std::string that are not there (its bug 105651), with -O2 and more.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  if(FAULTLINE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${FAULTLINE_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${FAULTLINE_SANITIZE})
    # GCC 12 takes members of std::stop_token for uninitialised once checks are woven in.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    # Asio's fences are in headers only; GCC says that the thread sanitizer cannot see them.
    if(FAULTLINE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
  endif()
endfunction()

# faultline_library(name SOURCES ... LINKS ...)
function(faultline_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  _faultline_rules(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
endfunction()

# faultline_program(target OUTPUT file-name SOURCES ... LINKS ...)
function(faultline_program name)
  cmake_parse_arguments(ARG "" "OUTPUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _faultline_rules(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${ARG_OUTPUT}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# faultline_test(name LABEL unit|scenario|contract SOURCES ... LINKS ...): one GoogleTest binary.
function(faultline_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _faultline_rules(${name})
  target_compile_definitions(${name} PRIVATE FAULTLINE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 1200)
endfunction()

# faultline_steps_much(target ...): its tests live through hours of a cluster, which at -O0 under a sanitizer takes minutes.
function(faultline_steps_much)
  if(FAULTLINE_SANITIZE)
    foreach(target IN LISTS ARGN)
      target_compile_options(${target} PRIVATE -O1)
    endforeach()
  endif()
endfunction()
