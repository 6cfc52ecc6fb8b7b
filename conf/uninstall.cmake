# SPDX-License-Identifier: MIT
#
# What `cmake --install` has put there, and the folders that it leaves empty.
# 'netleash teardown' first: users, rules, state and CA are not files of ours.
set(manifest "${BUILD_DIR}/install_manifest.txt")
if(NOT EXISTS "${manifest}")
	message(FATAL_ERROR "nothing was installed from ${BUILD_DIR}")
endif()
file(STRINGS "${manifest}" files)
foreach(file ${files})
	message(STATUS "removing $ENV{DESTDIR}${file}")
	file(REMOVE "$ENV{DESTDIR}${file}")
	get_filename_component(folder "${file}" DIRECTORY)
	while(folder MATCHES "/netleash(/|$)")
		file(GLOB left "$ENV{DESTDIR}${folder}/*")
		if(left)
			break()
		endif()
		file(REMOVE_RECURSE "$ENV{DESTDIR}${folder}")
		get_filename_component(folder "${folder}" DIRECTORY)
	endwhile()
endforeach()
file(REMOVE "${manifest}")
