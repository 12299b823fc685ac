# The course's TCP task, server side, written after its screenshot. The port may be given.
from socket import *
from sys import argv
serverPort = int(argv[1]) if len(argv) > 1 else 1060
serverSocket = socket(AF_INET, SOCK_STREAM)
serverSocket.bind(('', serverPort))
serverSocket.listen(1)
while True:
    print('Listening at', serverSocket.getsockname())
    connectionSocket, addr = serverSocket.accept()
    print('The server now is connected to:', addr)
    print('Socket connects between', connectionSocket.getsockname(),
          'and', connectionSocket.getpeername())
    while True:
        message = connectionSocket.recv(1024)
        print('Received Message from Client:', message.decode())
        if message.decode() == 'Exit':
            connectionSocket.send('Disconnect'.encode())
            connectionSocket.close()
            print('Reply sent, Server socket closed')
            break
        reply = 'Your data was ' + str(len(message)) + ' bytes'
        connectionSocket.send(reply.encode())
