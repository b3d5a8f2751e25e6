// SPDX-License-Identifier: Apache-2.0

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/**
 * A Tomcat with the connector that Jira ships and servlets mapped as Jira maps them. Each answers which of them served the
 * request, and by which path. The first argument is the only Authorization that it takes for alice's, the second a folder of
 * its own. It ends with its standard input.
 */
public class Echo extends HttpServlet {
    private final String name;
    private final String authorization;

    Echo(String name, String authorization) {
        this.name = name;
        this.authorization = authorization;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean alice = authorization.equals(request.getHeader("Authorization"));
        response.setHeader("X-AUSERNAME", alice ? "alice" : "anonymous");
        response.setContentType("text/plain;charset=UTF-8");
        String info = request.getPathInfo();
        String served = name + "\n" + request.getServletPath() + (info == null ? "" : info);
        response.getOutputStream().write(served.getBytes(StandardCharsets.UTF_8));
    }

    public static void main(String[] args) throws Exception {
        Logger.getLogger("").setLevel(Level.WARNING);
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(args[1]);
        Connector connector = new Connector();
        connector.setPort(0);
        connector.setProperty("address", "127.0.0.1");
        connector.setProperty("relaxedPathChars", "[]|");
        connector.setProperty("relaxedQueryChars", "[]|{}^\\`\"<>");
        connector.setProperty("maxHttpHeaderSize", "8192");
        connector.setUseBodyEncodingForURI(true);
        tomcat.setConnector(connector);
        Context context = tomcat.addContext("/jira", new File(args[1]).getAbsolutePath());
        map(context, args[0], "rest", "/rest/*");
        map(context, args[0], "action", "*.jspa", "*.jsp");
        map(context, args[0], "attachment", "/secure/attachment/*", "/secure/thumbnail/*");
        map(context, args[0], "other", "/");
        tomcat.start();
        System.out.println(connector.getLocalPort());
        while (System.in.read() >= 0) {
            // Nobody writes; the end is what counts.
        }
        System.exit(0);
    }

    private static void map(Context context, String authorization, String name, String... patterns) {
        Tomcat.addServlet(context, name, new Echo(name, authorization));
        for (String pattern : patterns) {
            context.addServletMappingDecoded(pattern, name);
        }
    }
}
